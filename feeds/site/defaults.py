"""The description and the topics of a site whose settings name none, in the language of its digests."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from feeds.site.site import TOPICS, Site, Topic, parse_topic
from feeds.text.unicode import primary_subtag

_ENGLISH = "en"


class Defaults(NamedTuple):
    """What settings leave out: a description, and topics of machine-learning papers."""

    description: str
    topics: tuple[Topic, ...]


_DESCRIPTIONS = {
    _ENGLISH: "Summaries of new papers on artificial intelligence, every day.",
    "ja": "新しいAI論文の要約を毎日お届けします。",
    "zh": "每天为您带来最新人工智能论文的摘要。",
}
_SEARCHES: Mapping[str, Mapping[str, str]] = {
    _ENGLISH: {
        "Language models": 'LLM|"language model"',
        "Diffusion models": "diffusion",
        "Multimodal": 'multimodal|multi-modal|"vision-language"',
        "Reinforcement learning": '"reinforcement learning"|RLHF|GRPO',
        "Reasoning": 'reasoning|"chain-of-thought"',
        "Agents": "agent",
        "Video": "video",
        "3D": "3D|gaussian|NeRF",
        "Robotics": "robot|embodied",
        "Speech and audio": "speech|audio",
        "Efficiency": "quantization|pruning|distillation|efficient",
        "Data and evaluation": "dataset|benchmark",
        "With code": "has=code",
    },
    "ja": {
        "言語モデル": '言語モデル|LLM|"language model"',
        "拡散モデル": "拡散|diffusion",
        "マルチモーダル": 'マルチモーダル|multimodal|multi-modal|"vision-language"',
        "強化学習": '強化学習|"reinforcement learning"|RLHF|GRPO',
        "推論": '推論|reasoning|"chain-of-thought"',
        "エージェント": "エージェント|agent",
        "動画": "動画|ビデオ|映像|video",
        "3D": "3D|3次元|三次元|gaussian|NeRF",
        "ロボット": "ロボット|robot|embodied",
        "音声と音響": "音声|音響|speech|audio",
        "効率化": "量子化|軽量化|効率|quantization|pruning|distillation",
        "データと評価": "データセット|ベンチマーク|dataset|benchmark",
        "コード公開": "has=code",
    },
    "zh": {
        "语言模型": '语言模型|語言模型|LLM|"language model"',
        "扩散模型": "扩散|擴散|diffusion",
        "多模态": '多模态|多模態|multimodal|multi-modal|"vision-language"',
        "强化学习": '强化学习|強化學習|"reinforcement learning"|RLHF|GRPO',
        "推理": '推理|reasoning|"chain-of-thought"',
        "智能体": "智能体|智能體|代理|agent",
        "视频": "视频|視頻|影片|video",
        "3D": "3D|三维|三維|gaussian|NeRF",
        "机器人": "机器人|機器人|具身|robot|embodied",
        "语音与音频": "语音|語音|音频|音訊|speech|audio",
        "高效": "量化|轻量化|輕量化|剪枝|蒸馏|quantization|pruning|distillation",
        "数据与评测": "数据集|資料集|基准|基準|dataset|benchmark",
        "开源代码": "has=code",
    },
}


@cache
def defaults_of(language: str) -> Defaults:
    """Return the defaults in a language (BCP 47), or else in English."""
    base = primary_subtag(language)
    if base == "ko":
        return Defaults(Site().description, TOPICS)
    name = base if base in _SEARCHES else _ENGLISH
    return Defaults(_DESCRIPTIONS[name], tuple(parse_topic(*search) for search in _SEARCHES[name].items()))
