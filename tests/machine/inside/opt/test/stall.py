#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs in the machine: stops one thread of a process, as a debugger would, until the process is gone. stall.py PID THREAD-NAME"""
import ctypes
import os
import sys
import time

SEIZE, INTERRUPT = 0x4206, 0x4207
pid, name = int(sys.argv[1]), sys.argv[2]
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
thread = next(int(t) for t in os.listdir("/proc/%d/task" % pid) if open("/proc/%d/task/%s/comm" % (pid, t)).read().strip() == name)
for request in (SEIZE, INTERRUPT):
    if libc.ptrace(request, thread, None, None) != 0:
        sys.exit("ptrace: " + os.strerror(ctypes.get_errno()))
print("stopped", flush=True)
while os.path.exists("/proc/%d/task/%d" % (pid, thread)):
    time.sleep(0.1)
    os.waitpid(thread, os.WNOHANG | 0x40000000)
