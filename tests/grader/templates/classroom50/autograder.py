"""Grades a submission of Loopback for Classroom 50.

Put it into your classroom50 repository as CLASSROOM/autograders/ASSIGNMENT/autograder.py, and give the
assignment the runtime {"rust": "stable", "apt": ["bubblewrap"]}. The runner calls it in the student's
checkout. An exit status other than 0 means that grading failed: the runner then records an error, not
a zero.
"""

import os
import pathlib
import shutil
import subprocess
import sys

# Where the handed-out workbook is. It holds no answers, and students have it too.
COURSE = "https://github.com/COURSE_REPOSITORY"
CHAPTERS = "COURSE_CHAPTERS".split()

submission = pathlib.Path.cwd()
work = pathlib.Path(os.environ.get("RUNNER_TEMP", "/tmp")) / "loopback"
course = work / "course"
report = work / "report.json"


def grader(*arguments, **more):
    return subprocess.run(["cargo", "grader", *arguments], cwd=course, check=False, **more).returncode


work.mkdir(parents=True, exist_ok=True)
subprocess.run(["git", "clone", "--quiet", "--depth=1", COURSE, course], check=True)
if shutil.which("sudo"):
    # Ubuntu 24.04 lets no ordinary program make a namespace, which is what keeps a submission in.
    allow = "kernel.apparmor_restrict_unprivileged_userns=0"
    subprocess.run(["sudo", "-n", "sysctl", "--write", allow], check=False)
# Its table holds words of the submission, which the runner might take for commands: not into the log.
failed = grader(
    "one", "--submission", submission, "--student", os.environ["USERNAME"], *CHAPTERS, "--out", report,
    stdout=subprocess.DEVNULL,
)
failed = failed or grader(
    "render", report, "--format", "classroom50", "--out", submission / "result.json"
)
failed = failed or grader(
    "render", report, "--format", "markdown", "--out", submission / "release-body.md"
)
sys.exit(failed)
