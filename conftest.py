# Copyright (c) mmrrsis contributors.
"""One thread for every test process, and for the processes that tests start.

Tensors in tests are small: more threads gain nothing, and where two processes share two cores, OpenMP threads wait
for each other in busy loops and minutes become an hour. `OMP_NUM_THREADS=4 python -m pytest` asks for more all the
same, to see that no test depends on the number.
"""

import os

# OpenMP reads it when it is loaded, with PyTorch.
THREADS = int(os.environ.setdefault('OMP_NUM_THREADS', '1'))
os.environ.setdefault('MKL_NUM_THREADS', str(THREADS))

import torch  # noqa: E402

torch.set_num_threads(THREADS)
