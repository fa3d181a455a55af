"""The five systems, by slug. A new one is added here and nowhere else."""

from __future__ import annotations

from infra.settings.model import System
from stacks.systems.blipee.system import SYSTEM as BLIPEE
from stacks.systems.flow_studio.system import SYSTEM as FLOW_STUDIO
from stacks.systems.isp_chatbot.system import SYSTEM as ISP_CHATBOT
from stacks.systems.models_3d.system import SYSTEM as MODELS_3D
from stacks.systems.sms_ao.system import SYSTEM as SMS_AO

SYSTEMS: dict[str, System] = {
    system.slug: system for system in (BLIPEE, SMS_AO, ISP_CHATBOT, FLOW_STUDIO, MODELS_3D)
}
