namespace Kiln.Service.Ec2.Encryption;

/// <summary>Which key new blocks are sealed with.</summary>
public enum KeyPick
{
    /// <summary>None: they stay clear.</summary>
    None,

    /// <summary>The caller's default EBS key in the Region of the new blocks.</summary>
    Default,

    /// <summary>The key of the source.</summary>
    Source,

    /// <summary>The replica, in the new Region, of the source's multi-Region key (D-13).</summary>
    Replica,

    /// <summary>The key that the call names.</summary>
    Named,
}
