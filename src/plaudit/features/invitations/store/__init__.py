"""The only SQL of invitations.

``links`` holds the links, ``rules`` what decides about them, ``tickets`` what the reaction has to remember,
``figures`` the projections.
"""
