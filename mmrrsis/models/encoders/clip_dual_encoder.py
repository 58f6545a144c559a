# Copyright (c) mmrrsis contributors.
"""CLIP's two towers as an encoder of images and referring expressions."""

from copy import deepcopy
from typing import Any

import open_clip
import torch
from mmengine.logging import print_log
from open_clip.model import CLIP, resize_pos_embed
from torch import Tensor

from mmrrsis.checkpoint import check_weights, unpack_embeddings, warn_random_weights
from mmrrsis.registry import MODELS
from mmrrsis.structures import ReferringTextBatch, TextFeatures, VisualFeatures

from .clip_weights import read_clip_state_dict, resolve_clip_weights
from .referring_encoder import IndependentTowers

#: Weights that serve CLIP's contrastive objective alone. Segmentation never reads them, so they are left out:
#: parameters without gradient would break distributed training.
CONTRASTIVE_ONLY = ('logit_scale', 'logit_bias')


@MODELS.register_module()
class CLIPDualEncoder(IndependentTowers):
    """Independent CLIP towers for the image and for the expression.

    Image: the patch tokens after every transformer block, and those of the last block in CLIP's joint space. Text:
    every word after the final norm ("word features") and the [EOS] word projected to the joint space ("sentence
    feature"). CD2FSAN, section 3.2.

    The paper does not say which normalisation or pooling it applies to the block outputs. Here they are taken as they
    leave the block, without the class token. The joint space of the patch tokens is that of CLIP's image feature: its
    last norm and projection, applied to each of them.

    Position embeddings of the image are interpolated to the grid of ``image_size`` when weights are loaded. Position
    embeddings of the text are cut to the length of the expression, never interpolated: word 3 stays word 3.

    Weights are read when the runner initialises the model, not when it is built, so testing a checkpoint needs no
    CLIP weights.

    Args:
        arch: Name of an open_clip architecture, or a dictionary with ``embed_dim``, ``vision_cfg`` and ``text_cfg``
            as in open_clip's model configs.
        image_size: Side of the square input in pixels, a multiple of the patch size.
        pretrained: Path of a checkpoint (safetensors, PyTorch, OpenAI's TorchScript, RemoteCLIP), a tag of open_clip
            such as ``openai``, ``package:NAME`` for weights that ship with mmrrsis, or None for random weights, which
            warns.
        quick_gelu: Whether the weights were trained with QuickGELU. None: as the tag says; for files, True for
            OpenAI's TorchScript archives and False otherwise.
        frozen: Whether the towers keep their weights and only what follows them learns.
        init_cfg: MMEngine initialisation config.

    Raises:
        ValueError: If the architecture is unknown or ``image_size`` is no multiple of the patch size.
    """

    #: Whose token ids the word embeddings are for.
    reads_tokens_of = 'CLIPTokenizer'

    def __init__(
        self,
        arch: str | dict = 'ViT-B-16',
        image_size: int = 480,
        pretrained: str | None = 'openai',
        quick_gelu: bool | None = None,
        frozen: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        model_cfg = self._model_cfg(arch, image_size)
        self.arch = arch
        self.image_size = image_size
        self.pretrained = pretrained
        self.quick_gelu = quick_gelu
        use_quick_gelu = self._known_quick_gelu(arch, pretrained) if quick_gelu is None else quick_gelu
        clip = CLIP(**{**model_cfg, 'quick_gelu': use_quick_gelu})
        del clip.logit_scale
        self.clip = clip.requires_grad_(not frozen)

    @staticmethod
    def _model_cfg(arch: str | dict, image_size: int) -> dict[str, Any]:
        cfg = deepcopy(dict(arch)) if isinstance(arch, dict) else open_clip.get_model_config(arch)
        if cfg is None or 'hf_model_name' in cfg['text_cfg'] or 'timm_model_name' in cfg['vision_cfg']:
            raise ValueError(
                f"model.encoder.arch={arch!r} is not an architecture with CLIP's own transformers. Use for example "
                '"ViT-B-16", "ViT-B-32", "ViT-L-14", or a dictionary with embed_dim, vision_cfg and text_cfg.'
            )
        patch_size = cfg['vision_cfg']['patch_size']
        if image_size % patch_size:
            raise ValueError(
                f'model.encoder.image_size={image_size} is not a multiple of the patch size {patch_size} of {arch!r}.'
            )
        cfg['vision_cfg']['image_size'] = image_size
        return {key: cfg[key] for key in ('embed_dim', 'vision_cfg', 'text_cfg', 'quick_gelu') if key in cfg}

    @staticmethod
    def _known_quick_gelu(arch: str | dict, pretrained: str | None) -> bool:
        """Tell from the tag alone, without touching the network, whether QuickGELU is needed."""
        if isinstance(arch, str) and pretrained in open_clip.list_pretrained_tags_by_model(arch):
            return bool(open_clip.get_pretrained_cfg(arch, pretrained).get('quick_gelu', False))
        return False

    def init_weights(self) -> None:
        """Load ``pretrained``; warn loudly when there is none.

        Raises:
            FileNotFoundError: If the weights are neither found nor downloaded.
            ValueError: If they belong to another architecture or activation.
        """
        if self.pretrained is None:
            warn_random_weights('CLIPDualEncoder', 'model.encoder.pretrained', 'pretrained CLIP')
            return
        path, needs_quick_gelu = resolve_clip_weights(self.arch, self.pretrained)
        uses_quick_gelu = isinstance(self.clip.transformer.resblocks[0].mlp.gelu, open_clip.transformer.QuickGELU)
        if self.quick_gelu is None and needs_quick_gelu != uses_quick_gelu:
            raise ValueError(
                f'{path} was trained with QuickGELU but the encoder was built with GELU. Set '
                'model.encoder.quick_gelu=True (or False to load it all the same).'
            )
        self.load_clip_state_dict(read_clip_state_dict(path), source=str(path))
        print_log(f'CLIPDualEncoder: loaded {path}', logger='current')

    def load_clip_state_dict(self, state_dict: dict[str, Tensor], source: str = 'state dict') -> None:
        """Load a state dict in open_clip's naming, fitting the position embeddings to the image size.

        Args:
            state_dict: Weights of both towers.
            source: Where they come from, for error messages.

        Raises:
            ValueError: If keys are missing, unexpected or of another shape.
        """
        state_dict = unpack_embeddings(state_dict, {'token_embedding': self.clip.vocab_size})
        state_dict = {key: value for key, value in state_dict.items() if key not in CONTRASTIVE_ONLY}
        resize_pos_embed(state_dict, self.clip)
        hint = 'Choose the architecture that these weights were trained with.'
        claim = f'{source} does not fit model.encoder.arch={self.arch!r}.'
        check_weights(state_dict, self.clip.state_dict(), claim, hint)
        self.clip.load_state_dict(state_dict)

    def encode_image(self, images: Tensor) -> VisualFeatures:
        """Encode images.

        Args:
            images: ``(B, 3, image_size, image_size)``, normalised with CLIP's mean and standard deviation.

        Returns:
            For each transformer block a map ``(B, C, h, w)`` of patch tokens, first block first, and the last one in
            the joint space, ``(B, D_joint, h, w)``.

        Raises:
            ValueError: If the images have another size.
        """
        if images.shape[-2:] != (self.image_size, self.image_size):
            raise ValueError(
                f'The encoder was built for {self.image_size}x{self.image_size} images but got '
                f'{images.shape[-2]}x{images.shape[-1]}. Make `scale` of Resize in the pipelines equal to '
                'model.encoder.image_size.'
            )
        visual = self.clip.visual
        outputs = visual.forward_intermediates(images, intermediates_only=True, output_fmt='NCHW')
        layers = tuple(outputs['image_intermediates'])
        joint = visual.ln_post(layers[-1].permute(0, 2, 3, 1)) @ visual.proj  # (B, h, w, D_joint)
        return VisualFeatures(layers=layers, joint=joint.permute(0, 3, 1, 2))

    def encode_text(self, text: ReferringTextBatch) -> TextFeatures:
        """Encode referring expressions.

        Args:
            text: A batch of expressions, tensors ``(B, N)``, ``N`` at most CLIP's context length.

        Returns:
            Words ``(B, N, D_text)``, their mask, and sentences ``(B, D_joint)``.

        Raises:
            ValueError: If ``N`` exceeds the context length.
        """
        length = len(text)
        if length > self.clip.context_length:
            raise ValueError(
                f'Expressions are padded to {length} tokens but the text tower has {self.clip.context_length} '
                'positions. Lower `max_tokens` of the tokenizer.'
            )
        words = self.clip.token_embedding(text.token_ids) + self.clip.positional_embedding[:length]
        # Causal: no word sees a later one, so padding, which stands last, cannot reach a real word.
        words = self.clip.transformer(words, attn_mask=self.clip.attn_mask[:length, :length])
        words = self.clip.ln_final(words)
        # [EOS] is the last real token.
        eos = text.token_mask.sum(1) - 1
        sentence = words[torch.arange(len(words), device=words.device), eos] @ self.clip.text_projection
        return TextFeatures(words=words, word_mask=text.token_mask, sentence=sentence)
