"""Pages, cookies, links and the guards before them."""
