namespace Kiln.Protocol.Signing;

/// <summary>A signature was refused. The caller chooses code and status by the protocol.</summary>
public sealed class SignatureException(SignatureFailure reason, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public SignatureFailure Reason { get; } = reason;
}
