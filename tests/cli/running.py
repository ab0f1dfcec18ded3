# SPDX-License-Identifier: BSD-2-Clause
"""A milter that runs while a test looks at it."""

import subprocess
import time


def start(case, program, config, *files, seconds=30):
    """It has started when those files are there. It ends with the test."""
    # pylint: disable-next=consider-using-with # it runs on
    process = subprocess.Popen([program, "run", "-f", "-c", config], stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    case.addCleanup(process.wait)
    case.addCleanup(process.kill)
    end = time.monotonic() + seconds
    while not all(file.exists() for file in files):
        case.assertIsNone(process.poll(), "it did not start")
        case.assertLess(time.monotonic(), end, "it is not ready")
        time.sleep(0.02)
    return process
