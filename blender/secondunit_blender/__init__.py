"""Second Unit inside Blender: an extension. Its fences stand; the host itself is to come."""
