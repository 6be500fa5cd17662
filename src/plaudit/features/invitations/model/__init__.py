"""Pure values and rules of invitations.

``links`` has ids and names, ``rules`` what is earned and when, ``tickets`` why a ticket earns nothing,
``posters`` what a poster says and how its lines break.
"""
