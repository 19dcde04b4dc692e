namespace Kiln.Protocol.Signing;

/// <summary>Why a signature was refused; which AWS code that is depends on the protocol.</summary>
public enum SignatureFailure
{
    /// <summary>There is a signature and it cannot be read: AWS says <c>IncompleteSignature</c>.</summary>
    Malformed,

    /// <summary>It is not what the secret key makes: <c>AuthFailure</c> (EC2), <c>SignatureDoesNotMatch</c>.</summary>
    Mismatch,

    /// <summary>Its time is too far behind: <c>RequestExpired</c> (EC2), <c>SignatureDoesNotMatch</c>.</summary>
    Expired,

    /// <summary>Its time is too far ahead: <c>RequestExpired</c> (EC2), <c>SignatureDoesNotMatch</c>.</summary>
    NotYetValid,

    /// <summary>The body is not the one whose hash was signed: <c>XAmzContentSHA256Mismatch</c> (S3),
    /// <c>SignatureDoesNotMatch</c>.</summary>
    BodyMismatch,

    /// <summary>The body breaks the <c>aws-chunked</c> framing, or passes its bounds: <c>IncompleteBody</c>,
    /// <c>InvalidRequest</c>.</summary>
    MalformedBody,
}
