using System.Runtime.Serialization;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>What Systems Manager tags. Kiln has tags on parameters.</summary>
public enum ResourceTypeForTagging
{
    /// <summary>Kiln has AWS's own documents only.</summary>
    [EnumMember(Value = "Document")] Document,

    /// <summary>Not here: instances are EC2's to tag.</summary>
    [EnumMember(Value = "ManagedInstance")] ManagedInstance,

    /// <summary>Not here.</summary>
    [EnumMember(Value = "MaintenanceWindow")] MaintenanceWindow,

    /// <summary>A parameter, by its name or ARN.</summary>
    [EnumMember(Value = "Parameter")] Parameter,

    /// <summary>Not here.</summary>
    [EnumMember(Value = "PatchBaseline")] PatchBaseline,

    /// <summary>Not here.</summary>
    [EnumMember(Value = "OpsItem")] OpsItem,

    /// <summary>Not here.</summary>
    [EnumMember(Value = "OpsMetadata")] OpsMetadata,

    /// <summary>Not here.</summary>
    [EnumMember(Value = "Automation")] Automation,

    /// <summary>Not here.</summary>
    [EnumMember(Value = "Association")] Association,
}
