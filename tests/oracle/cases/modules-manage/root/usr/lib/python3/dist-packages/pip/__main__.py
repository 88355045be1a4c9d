# Records how it is called; a package is listed once it was installed.
import getpass, sys

path = "/var/tmp/pip-" + getpass.getuser()
with open(path, "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\n")
if sys.argv[1] == "list" and "install" in open(path).read():
    print("ansible-core 2.14.3")
