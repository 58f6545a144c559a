_base_ = [
    '../_base_/models/cd2fsan_vitb.py',
    '../_base_/datasets/risbench.py',
    '../_base_/pipelines/clip_480x480.py',
    '../_base_/schedules/adam_40e.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
