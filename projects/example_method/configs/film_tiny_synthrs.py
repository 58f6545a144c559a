# The small CD2FSAN on SynthRS, with SentenceFiLM in the place of MAAM. All the rest is inherited.
_base_ = '../../../configs/cd2fsan/cd2fsan_tiny_synthrs.py'
custom_imports = dict(imports=['example_method'])

model = dict(
    neck=dict(alignment=dict(_delete_=True, type='SentenceFiLM', channels=_base_.channels, sentence_channels=128))
)
