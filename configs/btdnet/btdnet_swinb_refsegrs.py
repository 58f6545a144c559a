_base_ = [
    '../_base_/models/btdnet_swinb.py',
    '../_base_/datasets/refsegrs.py',
    '../_base_/pipelines/bert_512x512.py',
    '../_base_/schedules/adamw_poly_50e.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=2, dataset=dict(pipeline=_base_.train_pipeline))  # on each of four GPUs
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
