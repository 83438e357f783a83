"""What a clinic teaches of its own, beside the shipped library."""
