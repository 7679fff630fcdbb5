"""Counts the parameters of the models in crates/cli/models.toml, in millions, by their makers' published sizes; no weights are read.

    python known_models.py
"""

import torch
from transformers import (SiglipConfig, SiglipModel, BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel, DistilBertConfig, DistilBertModel, Dinov2Config, Dinov2Model, CLIPConfig, CLIPModel, TimesformerConfig, TimesformerModel, CLIPTextConfig, CLIPVisionConfig)
def n(m): return round(sum(p.numel() for p in m.parameters())/1e6, 1)
with torch.device("meta"):
    s=lambda v,side,p: n(SiglipModel(SiglipConfig(text_config=dict(vocab_size=v),vision_config=dict(image_size=side,patch_size=p))))
    print("siglip2-b16",s(256000,224,16),"b32",s(256000,256,32),"siglip-b16",s(32000,224,16))
    print("minilm",n(BertModel(BertConfig(hidden_size=384,num_hidden_layers=6,num_attention_heads=12,intermediate_size=1536))))
    print("e5",n(BertModel(BertConfig(vocab_size=250037,hidden_size=384,num_hidden_layers=12,num_attention_heads=12,intermediate_size=1536))))
    print("xlmr",n(XLMRobertaModel(XLMRobertaConfig(vocab_size=250002,max_position_embeddings=514,type_vocab_size=1))))
    print("distil",n(DistilBertModel(DistilBertConfig())))
    d=lambda w,h: n(Dinov2Model(Dinov2Config(hidden_size=w,num_attention_heads=h,image_size=518,patch_size=14)))
    print("dinov2",d(384,6),d(768,12))
    c=lambda **k: n(CLIPModel(CLIPConfig(**k)))
    print("clip b32",c(),"b16",c(vision_config=dict(patch_size=16)),"b32-256",c(vision_config=dict(patch_size=32,image_size=256)))
    L=dict(text_config=dict(hidden_size=768,intermediate_size=3072,num_attention_heads=12,projection_dim=768),projection_dim=768)
    V=dict(hidden_size=1024,intermediate_size=4096,num_hidden_layers=24,num_attention_heads=16,patch_size=14,projection_dim=768)
    print("l14",c(vision_config=V,**L),"336",c(vision_config=V|dict(image_size=336),**L))
    print("h14",c(vision_config=dict(hidden_size=1280,intermediate_size=5120,num_hidden_layers=32,num_attention_heads=16,patch_size=14,projection_dim=1024),text_config=dict(hidden_size=1024,intermediate_size=4096,num_hidden_layers=24,num_attention_heads=16,projection_dim=1024),projection_dim=1024))
    print("timesformer",n(TimesformerModel(TimesformerConfig())))
