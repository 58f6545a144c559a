# The pipelines of photo_192x192.py with the key phrase marked, for BTDNet.
_base_ = './photo_192x192.py'
steps = {'TokenizeExpression': [dict(type='MaskKeyPhrase')]}  # what stands before which step

train_pipeline = [part for step in _base_.train_pipeline for part in (*steps.get(step['type'], []), step)]
test_pipeline = [part for step in _base_.test_pipeline for part in (*steps.get(step['type'], []), step)]
