"""The panel's mind, for every host: it finds the service and speaks to it, and knows what to show.

host      what a panel asks of the application it lives in, and conformance, its suite
session   what the panel knows and can do; desk, dailies, shooting, link and notices are its parts
form      a task's JSON Schema as fields; marks what is drawn on the picture

Qt stays in `secondunit_panel.qt`.
"""
