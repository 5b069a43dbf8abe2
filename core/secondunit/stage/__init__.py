"""Everything around a model's call: what it is shown, and how the answer joins the plate."""
