# The pipelines of clip_480x480.py at the size of the tiny models.
_base_ = './clip_480x480.py'
image_size = (128, 128)  # width, height

train_pipeline = [dict(step, scale=image_size) if step['type'] == 'Resize' else step for step in _base_.train_pipeline]
test_pipeline = [dict(step, scale=image_size) if step['type'] == 'Resize' else step for step in _base_.test_pipeline]
