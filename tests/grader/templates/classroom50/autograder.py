"""Grades a submission of Loopback for Classroom 50.

Put it into your classroom50 repository as CLASSROOM/autograders/ASSIGNMENT/autograder.py, and give the
assignment the runtime {"rust": "stable", "apt": ["bubblewrap"]}. The runner calls it in the student's
checkout. An exit status other than 0 means that grading failed: the runner then records an error, not
a zero.
"""

import os
import pathlib
import subprocess
import sys

# Where the handed-out workbook is. It holds no answers, and students have it too.
COURSE = "https://github.com/COURSE_REPOSITORY"
CHAPTERS = "COURSE_CHAPTERS".split()

submission = pathlib.Path.cwd()
work = pathlib.Path(os.environ.get("RUNNER_TEMP", "/tmp")) / "loopback"
course = work / "course"
report = work / "report.json"

work.mkdir(parents=True, exist_ok=True)
subprocess.run(["git", "clone", "--quiet", "--depth=1", COURSE, course], check=True)
# Ubuntu 24.04 lets no ordinary program make a namespace, which is what keeps a submission in.
subprocess.run(
    ["sudo", "-n", "sysctl", "--write", "kernel.apparmor_restrict_unprivileged_userns=0"],
    check=False,
)
graded = subprocess.run(
    ["cargo", "grader", "one", "--submission", submission, "--student", os.environ["USERNAME"]]
    + CHAPTERS
    + ["--out", report],
    cwd=course,
    check=False,
)
if graded.returncode != 0:
    sys.exit(graded.returncode)
subprocess.run(
    ["cargo", "grader", "render", report, "--format", "classroom50"]
    + ["--out", submission / "result.json"],
    cwd=course,
    check=True,
)
