"""Where pictures go from frame to frame: pixel by pixel, and as a camera moves over them."""
