# SPDX-License-Identifier: BSD-2-Clause
"""What goes wrong: one method a kind, and a thread that plays them."""

import collections
import fnmatch
import os
import random
import signal
import threading
import time

from names import Liar

HOUR = 3600
PAGE = 4096
CLOCK_JUMPS = (-48 * HOUR, -HOUR, -90, 90, HOUR, 80 * HOUR, 40 * 24 * HOUR)


class ProcessFaults:
    """The process ends, stops, or is asked for too much."""

    def fault_kill(self):
        self.program.kill()
        time.sleep(self.random.uniform(0, 0.3))
        self.program.start()

    def fault_terminate(self):
        self.program.send(signal.SIGTERM)
        self.program.process.wait(20)
        self.program.start()

    def fault_stop(self):
        self.program.send(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.1, 1))
        self.program.send(signal.SIGCONT)

    def fault_reload_storm(self):
        for _ in range(self.random.randint(5, 40)):
            self.program.send(signal.SIGUSR1)
            time.sleep(0.005)

    def fault_socket_gone(self):
        """The daemon looks for it every two seconds."""
        self.place.path.unlink(missing_ok=True)
        time.sleep(2.5)


class FileFaults:
    """Files are cut, emptied, changed and taken away."""

    def _cut(self, path):
        text = self.texts[path]
        try:
            path.write_text(text[:self.random.randrange(len(text))])
            self.reload()
        finally:
            path.write_text(text)
        self.reload()

    def fault_cut_configuration(self):
        self._cut(self.place.config)

    def fault_cut_rights(self):
        self._cut(self.place.rights)

    def fault_start_with_rights_without_end(self):
        """Cut within a line: what is cut between two is whole to a start."""
        path = self.place.rights
        text = self.texts[path]
        path.write_text(text[:text.rindex(";until")])
        self.restart()
        self.program.settle()
        path.write_text(text)
        self.start_if_ended()

    def fault_emptied_files(self):
        for path, text in self.texts.items():
            path.write_text("")
            self.reload()
            path.write_text(text)
        self.reload()

    def fault_swapped_files(self):
        for path, text in self.texts.items():
            new = path.with_name(path.name + ".new")
            new.write_text(text + "# %d\n" % self.random.random())
            new.rename(path)
            self.reload()
            path.write_text(text)
        self.reload()

    def _away(self, path):
        aside = self.place.keys.with_name(path.name + ".away")
        path.rename(aside)
        self.reload()
        aside.rename(path)
        self.reload()

    def fault_no_keys(self):
        self._away(self.place.keys)

    def fault_no_keys_of_a_domain(self):
        self._away(self.place.keys / "corp.example")

    def fault_start_without_keys(self):
        path = self.place.keys
        aside = path.with_name("keys.away")
        path.rename(aside)
        path.mkdir(mode=0o700)
        self.place.give(path)
        self.restart()
        self.program.settle()
        path.rmdir()
        aside.rename(path)
        self.reload()

    def fault_start_without_keys_of_a_domain(self):
        """Others have theirs; what is back is noticed without a reload."""
        path = self.place.keys / "corp.example"
        aside = self.place.keys.with_name("corp.example.away")
        path.rename(aside)
        self.restart()
        self.program.settle()
        self.over.wait(self.random.uniform(0.5, 2))
        aside.rename(path)

    def fault_cut_key(self):
        path = self.place.keys / "corp.example" / "s1.key"
        text = path.read_text()
        path.write_text(text[:self.random.randrange(len(text))])
        self.reload()
        path.write_text(text)
        self.reload()


class DiskFaults:
    """A disk is full."""

    def _meanwhile(self, *paths, restart=False):
        with self.place.full(*paths):
            if restart:
                self.restart()
            else:
                self.reload()
            time.sleep(self.random.uniform(0.5, 1.5))
        if restart:
            self.restart()      # whose log lines have room

    def fault_full_spool(self):
        self._meanwhile(self.place.spool)

    def fault_full_log(self):
        self._meanwhile(self.place.log.parent)

    def fault_full_key_states(self):
        self._meanwhile(self.place.states,
                        restart=self.random.random() < 0.5)

    def fault_full_everything(self):
        self._meanwhile(self.place.spool, self.place.states,
                        self.place.log.parent, self.place.config.parent,
                        restart=self.random.random() < 0.5)

    def _write_to_full_disk(self, path, restart):
        """A page is left: what is written anew is cut in a line of its own."""
        text = self.texts[path]
        cut = self.random.randrange(1, len(text))
        while text[cut - 1] == "\n":
            cut += 1
        long = "#" * (PAGE - cut - 1) + "\n" + text
        with self.place.full(path.parent):
            filler = path.parent / "filler"
            os.truncate(filler, filler.stat().st_size - PAGE)
            path.unlink()
            try:
                with open(path, "w", encoding="ascii", buffering=1) as file:
                    file.write(long)
            except OSError:
                pass
            if restart:
                self.restart()
                self.program.settle()
            else:
                self.reload()
        path.write_text(text)
        self.start_if_ended()
        self.reload()

    def fault_full_configuration(self):
        self._write_to_full_disk(self.place.config, False)

    def fault_start_with_full_configuration(self):
        self._write_to_full_disk(self.place.config, True)

    def fault_full_rights(self):
        self._write_to_full_disk(self.place.rights, False)


class NameFaults:
    """DNS dies and lies."""

    def _lie(self, lie):
        self.dns.lie = lie
        self.over.wait(self.random.uniform(0.5, 2))
        if self.random.random() < 0.3:
            self.restart()
            self.over.wait(1)
        self.dns.lie = None

    def fault_dns_stops(self):
        self.dns.stop()
        try:
            self.over.wait(self.random.uniform(1, 3))
        finally:
            self.dns.resume()


def _add_lies():
    for lie in Liar.LIES:
        def fault(self, lie=lie):
            self._lie(lie)
        setattr(NameFaults, "fault_dns_" + lie, fault)


_add_lies()


class ClockFaults:
    """The clock is set, by minutes and by more than key-age, and set right."""

    def _jump(self, restart):
        self.place.set_clock(self.random.choice(CLOCK_JUMPS))
        if restart:
            self.restart()
        self.over.wait(self.random.uniform(1, 3))
        self.place.set_clock(0)
        if restart and self.random.random() < 0.5:
            self.restart()

    def fault_clock_jump(self):
        self._jump(False)

    def fault_start_with_wrong_clock(self):
        self._jump(True)


class LimitFaults:
    """Descriptors, memory and tasks run out."""

    def _limited(self, name, value):
        with self.program.limited(name, value):
            self.reload()
            self.over.wait(self.random.uniform(0.5, 2))
        self.program.ensure_for_want()
        if not self.program.still_reloads():
            self.hung += 1
            self.restart()

    def fault_no_descriptors(self):
        self._limited("NOFILE", self.program.files() +
                      self.random.randint(0, 3))

    def fault_no_memory(self):
        size = self.program.statistic("VmSize") * 1024
        self._limited("AS", size + self.random.randint(-1, 16) * 1048576)

    def fault_no_tasks(self):
        """Of the user that the daemon runs as, who has no others."""
        self._limited("NPROC", 1)

    def _start(self, **limits):
        self.program.kill()
        self.program.start(**limits)
        self.over.wait(1)
        self.program.kill()
        self.program.start()

    def fault_start_with_few_tasks(self):
        self._start(NPROC=self.random.randint(1, 8))

    def fault_start_with_few_descriptors(self):
        self._start(NOFILE=self.random.randint(3, 24))

    def fault_start_with_little_memory(self):
        self._start(AS=self.random.randint(8, 400) * 1048576)


class Faults(threading.Thread, ProcessFaults, FileFaults, DiskFaults,
             NameFaults, ClockFaults, LimitFaults):
    """One fault after the other: each kind once, in an order that the seed
    gives, and then again."""

    def __init__(self, program, dns, seed, patterns):
        super().__init__(daemon=True)
        self.program = program
        self.place = program.place
        self.dns = dns
        self.random = random.Random(seed)
        self.texts = {path: path.read_text()
                      for path in (self.place.config, self.place.rights)}
        self.done = collections.Counter()
        self.over = threading.Event()
        self.broken = None
        self.hung = 0
        self.kinds = sorted(name[6:] for name in dir(self)
                            if name.startswith("fault_")
                            and any(fnmatch.fnmatch(name[6:], pattern)
                                    for pattern in patterns))

    def run(self):
        kind = None
        try:
            while not self.over.is_set():
                for kind in self.random.sample(self.kinds, len(self.kinds)):
                    if self.over.is_set():
                        break
                    # A start that is under way would read what is cut.
                    self.program.settle()
                    getattr(self, "fault_" + kind)()
                    self.done[kind] += 1
                    self.program.ensure(kind)
                    self.over.wait(self.random.uniform(0.05, 0.6))
        except Exception as fault:          # noqa: BLE001: told by main()
            self.broken = kind, fault

    def all_played(self):
        return self.broken is not None or len(self.done) == len(self.kinds)

    def reload(self):
        self.program.send(signal.SIGUSR1)
        time.sleep(self.random.uniform(0.05, 0.4))

    def restart(self):
        self.program.kill()
        self.program.start()

    def start_if_ended(self):
        """What it said of files that were cut, or of a disk that was full."""
        if self.program.process.poll() is not None:
            self.program.start()
