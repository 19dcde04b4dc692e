using System.Runtime.Serialization;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>How long a value may be; Kiln bills nothing for either.</summary>
public enum ParameterTier
{
    /// <summary>4 KB.</summary>
    [EnumMember(Value = "Standard")] Standard,

    /// <summary>8 KB.</summary>
    [EnumMember(Value = "Advanced")] Advanced,

    /// <summary>Advanced where the value needs it.</summary>
    [EnumMember(Value = "Intelligent-Tiering")] IntelligentTiering,
}
