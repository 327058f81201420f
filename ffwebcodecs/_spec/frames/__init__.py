"""What a picture is: formats, layouts, rectangles, colours, orientation."""
