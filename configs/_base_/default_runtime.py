default_scope = 'mmrrsis'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # The best checkpoint by validation mIoU is the one that is reported; the last two are kept to resume from.
    checkpoint=dict(type='AtomicCheckpointHook', interval=1, max_keep_ckpts=2, save_best='mIoU', rule='greater'),
    # A loss that is no number stops the training; action='skip' leaves its iteration out.
    loss_guard=dict(type='LossGuardHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='ReferringVisualizationHook'),
)

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='ReferringVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)
log_level = 'INFO'
# The same seed repeats a run exactly on a CPU; on a GPU set deterministic=True as well.
randomness = dict(seed=0)
load_from = None
resume = False
