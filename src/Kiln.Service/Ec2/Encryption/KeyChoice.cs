using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>Which key new volumes and copies get, as tables. Encryption can be added or changed, never
/// removed.</summary>
/// <remarks>
/// Amazon EBS User Guide, "Encryption outcomes"; EC2 User Guide, "Use encryption with EBS-backed AMIs". Rows are read
/// from the top; the first that fits decides.
/// </remarks>
public static class KeyChoice
{
    /// <summary>A volume made of a snapshot, or of nothing.</summary>
    /// <param name="source">What it is made from.</param>
    /// <param name="encrypted">The parameter Encrypted; false counts as absent, for it cannot take encryption
    /// away.</param>
    /// <param name="named">Whether KmsKeyId was given.</param>
    /// <param name="byDefault">Whether the caller's account encrypts by default in the Region.</param>
    /// <exception cref="AwsException">KmsKeyId without Encrypted.</exception>
    public static KeyPick ForVolume(KeySource source, bool? encrypted, bool named, bool byDefault) =>
        (source, encrypted == true, named, byDefault) switch
        {
            (_, false, true, _) => throw Ec2Error.KmsKeyWithoutEncrypted(),
            (_, true, true, _) => KeyPick.Named,
            (KeySource.Own, _, _, _) => KeyPick.Source,
            (KeySource.Shared, _, _, _) => KeyPick.Default,
            (KeySource.Empty or KeySource.Clear, true, _, _) => KeyPick.Default,
            (KeySource.Empty or KeySource.Clear, false, _, true) => KeyPick.Default,
            _ => KeyPick.None,
        };

    /// <summary>A copy of a snapshot.</summary>
    /// <param name="source">What is copied.</param>
    /// <param name="sameRegion">Whether it stays in its Region.</param>
    /// <param name="encrypted">The parameter Encrypted.</param>
    /// <param name="named">Whether KmsKeyId was given.</param>
    /// <param name="byDefault">Whether the caller's account encrypts by default in the new Region.</param>
    /// <param name="replica">Whether the source's key is a multi-Region key with a replica in the new Region that is
    /// enabled and that the caller may use. Always false under StrictAwsCopyKey.</param>
    /// <exception cref="AwsException">KmsKeyId without Encrypted, or Encrypted=false on an encrypted
    /// source.</exception>
    public static KeyPick ForSnapshotCopy(
        KeySource source, bool sameRegion, bool? encrypted, bool named, bool byDefault, bool replica) =>
        ForCopy("snapshot", source, sameRegion, encrypted, named, byDefault, replica);

    /// <summary>A copy of one snapshot behind an image. The parameters are those of a snapshot's copy.</summary>
    /// <exception cref="AwsException">KmsKeyId without Encrypted, or Encrypted=false on an encrypted
    /// source.</exception>
    public static KeyPick ForImageCopy(
        KeySource source, bool sameRegion, bool? encrypted, bool named, bool byDefault, bool replica) =>
        ForCopy("image", source, sameRegion, encrypted, named, byDefault, replica);

    private static KeyPick ForCopy(
        string what, KeySource source, bool sameRegion, bool? encrypted, bool named, bool byDefault, bool replica) =>
        (source, sameRegion, encrypted, named) switch
        {
            (_, _, not true, true) => throw Ec2Error.KmsKeyWithoutEncrypted(),
            (_, _, true, true) => KeyPick.Named,
            (KeySource.Own or KeySource.Shared, _, false, _) => throw Ec2Error.InvalidRequest(
                $"An unencrypted copy of an encrypted {what} is not supported. " +
                "Leave Encrypted out, or set it to true."),
            (KeySource.Own, true, _, _) => KeyPick.Source,
            (KeySource.Own, false, _, _) => replica ? KeyPick.Replica : KeyPick.Default,
            (KeySource.Shared, _, _, _) => KeyPick.Default,
            (_, _, true, _) => KeyPick.Default,
            _ => byDefault ? KeyPick.Default : KeyPick.None,
        };
}
