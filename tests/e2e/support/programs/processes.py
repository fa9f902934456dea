"""Processes, threads and signals: every way to begin, to be stopped and to end."""

import asyncio
import os
import resource
import signal
import subprocess
import threading
import time

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
subprocess.run(["true"], check=True)
subprocess.run("exit 3", shell=True, check=False)


def work(number: int) -> None:
    for size in range(20):
        with open(f"file {number}", "ab") as file:
            file.write(b"x" * size)
        time.sleep(0.0001)


threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()


async def main() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await reader.read()
    writer.close()
    server.close()
    process = await asyncio.create_subprocess_exec("echo", "x", stdout=asyncio.subprocess.PIPE)
    await process.communicate()
    await asyncio.sleep(0.01)


asyncio.run(main())

for number in (signal.SIGALRM, signal.SIGUSR1, signal.SIGRTMIN + 3):
    signal.signal(number, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.02)
time.sleep(0.05)
os.kill(os.getpid(), signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGRTMIN + 3)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
signal.sigtimedwait([signal.SIGUSR2], 0.01)

if (child := os.fork()) == 0:
    os.setpgid(0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(9)
os.waitpid(child, os.WUNTRACED)
os.kill(child, signal.SIGCONT)
os.waitpid(child, 0)
for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
    if (child := os.fork()) == 0:
        signal.pause()
    os.kill(child, number)
    os.waitid(os.P_PID, child, os.WEXITED)
if (child := os.fork()) == 0:
    os.execv("/nonexistent", ["x"])
os.wait3(0)
# The process ends while another of its threads still waits.
sleeper = threading.Thread(target=time.sleep, args=(100,), daemon=True)
sleeper.start()
os._exit(5)
