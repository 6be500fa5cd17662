"""What invitations have from outside: codecs of pictures, the font, the drawing of posters.

``pictures`` takes in what somebody has sent, ``letters`` is the font, ``posters`` draws.
"""
