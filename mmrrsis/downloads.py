# Copyright (c) mmrrsis contributors.
"""Downloads that fail at once on a machine without network."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from ssl import SSLError
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from huggingface_hub import constants

#: Seconds after which a server counts as not reachable.
PATIENCE = 3.0


def is_reachable(url: str) -> bool:
    """Tell whether the server of an address answers, whatever it answers, within :data:`PATIENCE`; asks it once.

    Proxies are those of the environment, as in a download.
    """
    answers: list[bool] = []
    # In a thread: a name server that keeps silent holds up the look-up of a name beyond any timeout of a request.
    thread = threading.Thread(target=lambda: answers.append(_answers(url)), daemon=True)
    thread.start()
    thread.join(PATIENCE + 0.5)
    return bool(answers) and answers[0]


def _answers(url: str) -> bool:
    try:
        urlopen(Request(url, method='HEAD'), timeout=PATIENCE).close()
    except HTTPError:
        return True
    except URLError as error:
        # An unknown certificate is a server's all the same: what downloads may know it.
        return isinstance(error.reason, SSLError)
    except (OSError, HTTPException):
        return False
    return True


@contextmanager
def hub_access() -> Iterator[None]:
    """Within, the Hugging Face hub is used as ever, but one that cannot be reached is not tried time and again.

    huggingface_hub asks an unreachable server six times, with growing pauses, for each file: half a minute until BERT
    is said to be missing, a minute for CLIP. Here the server is asked once. If it does not answer, the hub is in its
    own offline mode, that of ``HF_HUB_OFFLINE=1``, until the ``with`` block ends: files in its cache are used, and
    what is not there fails at once.
    """
    if constants.HF_HUB_OFFLINE or is_reachable(constants.ENDPOINT):
        yield
        return
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = False
