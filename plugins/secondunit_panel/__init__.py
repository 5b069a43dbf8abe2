"""The panel's mind, for every host: it finds the service and speaks to it.

The session and the forms come with the panel; Qt stays in `secondunit_panel.qt`.
"""
