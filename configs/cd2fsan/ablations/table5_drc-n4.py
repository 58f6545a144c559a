# Table 5: 4 base kernels in each rotating convolution.
_base_ = '../cd2fsan_vitb_rrsisd.py'
model = dict(decode_head=dict(num_bases=4))
