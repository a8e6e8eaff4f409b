print("teleport")
