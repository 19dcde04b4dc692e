namespace Kiln.Service.Ec2.Encryption;

/// <summary>What new blocks are made from, as far as their key depends on it.</summary>
public enum KeySource
{
    /// <summary>From nothing: an empty volume.</summary>
    Empty,

    /// <summary>From clear blocks, whoever owns them.</summary>
    Clear,

    /// <summary>From encrypted blocks of the caller's own account.</summary>
    Own,

    /// <summary>From encrypted blocks that another account has shared.</summary>
    Shared,
}
