# A server as tutorials write it. What is wrong with it is what the race is about:
# it reads once and takes that for a message, it takes a piece of text for the whole, it ends when a
# client has nothing to say, and whatever one client does wrong is the end for all of them.
import socket

door = socket.socket()
door.bind(("127.0.0.1", 0))
door.listen(1)
print("listening on 127.0.0.1:%d" % door.getsockname()[1], flush=True)
while True:
    client, address = door.accept()
    message = client.recv(1024)
    if not message:
        break
    text = message.decode()
    client.sendall(("%d characters from %s" % (len(text), address)).encode())
    client.close()
