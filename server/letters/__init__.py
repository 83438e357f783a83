"""Letters of the clinic's own matters: whom they go to, in which language, and in which neutral words."""
