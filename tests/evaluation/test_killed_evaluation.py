"""An evaluation that is killed, SIGKILL, at any instant goes on to the same bytes."""

from killing import killed

CV = ["cv", "MUTAG", "--epochs", "1", "--hidden", "4", "--folds", "3", "--runs", "1"]


def test_an_evaluation_goes_on_after_a_kill_before_a_file_operation(tmp_path):
    told = killed("each", 20, CV, tmp_path / "cv")
    assert (told["kills"], told["files"]) == (20, 5)
    assert told["operations"] > 40


def test_an_evaluation_goes_on_after_kills_at_random(tmp_path):
    told = killed("random", 150, CV, tmp_path / "cv")
    assert (told["kills"], told["files"]) == (150, 5)
