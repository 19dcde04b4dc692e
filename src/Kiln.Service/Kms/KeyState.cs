using System.Runtime.Serialization;

namespace Kiln.Service.Kms;

/// <summary>What may be done with a key. KMS Developer Guide, "Key states of AWS KMS keys".</summary>
public enum KeyState
{
    /// <summary>Everything.</summary>
    [EnumMember(Value = "Enabled")] Enabled,

    /// <summary>Nothing cryptographic: <c>DisabledException</c>.</summary>
    [EnumMember(Value = "Disabled")] Disabled,

    /// <summary>Nothing but cancelling: the key goes at <see cref="Key.DeletionDate"/>.</summary>
    [EnumMember(Value = "PendingDeletion")] PendingDeletion,

    /// <summary>As above, but the waiting period begins only when the last replica has gone.</summary>
    [EnumMember(Value = "PendingReplicaDeletion")] PendingReplicaDeletion,
}
