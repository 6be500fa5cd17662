"""What presale does when something happened.

``paid`` answers payments and refunds, ``ended`` gives seats back and asks for refunds, ``waiting`` keeps the
waiting list, ``purchases`` the list of orders.
"""
