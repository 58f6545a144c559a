# Table 5: three base kernels in each rotating convolution, the full model.
_base_ = '../cd2fsan_vitb_rrsisd.py'
