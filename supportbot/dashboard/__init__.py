"""The web app of the support team: server-rendered pages behind a login.

`routes.dashboard_routes` gives the routes; `access.Access` creates operators and login links.
"""
