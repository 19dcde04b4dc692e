using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Encryption;

namespace Kiln.Service.Ebs;

/// <summary>Which key a snapshot gets that a client writes, as a table.</summary>
/// <remarks>EBS User Guide, "Encryption outcomes" of the EBS direct APIs. The first row that fits decides.</remarks>
public static class DirectKeyChoice
{
    /// <summary>Reads the table.</summary>
    /// <param name="parent">Empty without a parent; Clear or Own with one.</param>
    /// <param name="encrypted">The parameter Encrypted.</param>
    /// <param name="named">Whether KmsKeyArn was given.</param>
    /// <param name="byDefault">Whether the account encrypts by default in the Region.</param>
    /// <exception cref="AwsException">ValidationException: the combination is refused.</exception>
    public static KeyPick For(KeySource parent, bool? encrypted, bool named, bool byDefault) =>
        (parent, encrypted, named, byDefault) switch
        {
            (KeySource.Empty, true, true, _) => KeyPick.Named,
            (KeySource.Empty, true, false, _) => KeyPick.Default,
            (KeySource.Empty, _, true, _) => throw EbsError.InvalidParameterValue(
                "KmsKeyArn needs Encrypted: set Encrypted to true, or leave KmsKeyArn out."),
            (KeySource.Empty, false, _, true) => throw EbsError.InvalidParameterValue(
                "Encrypted is false, but the account encrypts by default in this Region: leave Encrypted out."),
            (KeySource.Empty, null, _, true) => KeyPick.Default,
            (KeySource.Empty, _, _, false) => KeyPick.None,
            (_, not null, _, _) => throw EbsError.InvalidParameterValue(
                "ParentSnapshotId and Encrypted exclude each other: the parent decides the encryption."),
            (_, _, true, _) => throw EbsError.InvalidParameterValue(
                "ParentSnapshotId and KmsKeyArn exclude each other: the parent decides the key."),
            (KeySource.Clear, _, _, true) => throw EbsError.InvalidParameterValue(
                "The parent is unencrypted, but the account encrypts by default in this Region: "
                + "start a snapshot without a parent."),
            (KeySource.Clear, _, _, false) => KeyPick.None,
            _ => KeyPick.Source,
        };
}
