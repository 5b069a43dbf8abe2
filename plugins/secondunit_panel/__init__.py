"""The panel every host with Qt shows: it speaks to the service, and draws tasks from their schemas.

Its place and its fences stand from the start; the client, the session and the forms come with the
panel.
"""
