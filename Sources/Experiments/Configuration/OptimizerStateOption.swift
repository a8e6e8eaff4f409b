import Teleportation
import TextForms

extension TeleportPlan.OptimizerStatePolicy: ChoiceConvertible {}
