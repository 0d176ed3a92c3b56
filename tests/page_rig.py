"""tests/page_server.c, started and told what happens to its fleet."""
import json
import subprocess
import urllib.request

PATIENCE = 60


class Server:
    def __init__(self, program, shards):
        self.process = subprocess.Popen([program, str(shards)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = self.process.stdout.readline().strip()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n"

    def status(self):
        with urllib.request.urlopen(self.url + "api/status") as answer:
            return json.load(answer)

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0
