# VHR10-Ref, written by tools/dataset_converters/vhr10_ref.py, for trainings that count iterations. One loader process
# beside the training on two cores.
_base_ = './referring.py'
loader = dict(num_workers=1, dataset=dict(type='VHR10RefDataset', data_root='data/vhr10_ref'))
train_dataloader = dict(batch_size=8, sampler=dict(type='InfiniteSampler', shuffle=True), **loader)
val_dataloader = dict(batch_size=32, **loader)
test_dataloader = dict(batch_size=32, **loader)
