"""The starter's parts, all of stock classes: the network, the reader of words, the scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from secondunit.worlds.words import VOCABULARY
from tools.starter.linear import CHANNELS, PATCH

WORDS = 32
"""A prompt's tokens, padding included."""
_READER = 96  # numbers a word


@dataclass(frozen=True)
class Size:
    """How large the network is. The plain one is what two cores can train in some hours."""

    heads: int = 4
    head: int = 40
    layers: int = 8
    vace_layers: tuple[int, ...] = (0,)
    wide: int = 3

    @property
    def hidden(self) -> int:
        """Numbers a token."""
        return self.heads * self.head


def transformer(size: Size) -> Any:
    """The network as it is before it is put in order: random."""
    from diffusers import WanVACETransformer3DModel

    return WanVACETransformer3DModel(
        patch_size=(1, 1, 1),
        num_attention_heads=size.heads,
        attention_head_dim=size.head,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        text_dim=_READER,
        freq_dim=128,
        ffn_dim=size.wide * size.hidden,
        num_layers=size.layers,
        cross_attn_norm=True,
        rope_max_seq_len=64,
        vace_layers=list(size.vace_layers),
        vace_in_channels=2 * CHANNELS + PATCH**2,
    )


def tokenizer() -> Any:
    """One token a word of the grammar; what it does not know is one token too."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = ("<pad>", "</s>", "<unk>", *VOCABULARY)
    made = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>")
    )
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[^\w]+"), behavior="removed")
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=WORDS,
    )


def reader() -> Any:
    """The reader of words, trained with the network."""
    from transformers import UMT5Config, UMT5EncoderModel

    return UMT5EncoderModel(
        UMT5Config(
            vocab_size=len(VOCABULARY) + 3,
            d_model=_READER,
            d_kv=24,
            d_ff=2 * _READER,
            num_layers=2,
            num_heads=4,
            dropout_rate=0.0,
            pad_token_id=0,
            eos_token_id=1,
            decoder_start_token_id=0,
            tie_word_embeddings=False,
        )
    )


def read(tokenizer: Any, reader: Any, prompts: tuple[str, ...]) -> Tensor:
    """(B,WORDS,_READER), zeros beyond a prompt's end: as the pipeline reads."""
    device = next(reader.parameters()).device
    told = tokenizer(
        list(prompts), padding="max_length", max_length=WORDS, truncation=True, return_tensors="pt"
    ).to(device)
    hidden = reader(told.input_ids, told.attention_mask).last_hidden_state
    return hidden * told.attention_mask.unsqueeze(-1)


def scheduler() -> Any:
    """Predicts the clean clip itself, so that one step is already an answer."""
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(
        prediction_type="sample",
        use_flow_sigmas=True,
        flow_shift=2.0,
        num_train_timesteps=1000,
        solver_order=2,
    )
