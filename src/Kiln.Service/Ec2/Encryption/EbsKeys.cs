using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Kms;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>Finds the key for a new volume, snapshot or copy: the tables of <see cref="KeyChoice"/> over real
/// keys.</summary>
/// <remarks>
/// Rights are those of Amazon EBS User Guide, "Requirements for Amazon EBS encryption". What is wrong with a key is
/// not thrown but told in <see cref="EbsKey.Problem"/>, for AWS looks at keys only after it has answered.
/// </remarks>
public sealed class EbsKeys(Db db, KeyUse keys, DataKeys dataKeys, ServiceOptions options)
{
    // What the caller needs on the key of what is made, and on the key of what is read.
    private static readonly string[] ToMake =
        ["kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext"];
    private static readonly string[] ToRead = ["kms:DescribeKey", "kms:Decrypt"];

    /// <summary>For a volume made of a snapshot, or of nothing.</summary>
    /// <param name="source">The snapshot; null for an empty volume.</param>
    /// <param name="encrypted">The parameter Encrypted.</param>
    /// <param name="kmsKeyId">The parameter KmsKeyId.</param>
    /// <param name="call">The call under way.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <exception cref="AwsException">InvalidParameterDependency: KmsKeyId without Encrypted.</exception>
    public async Task<EbsKey> ForVolume(
        Snapshot? source, bool? encrypted, string? kmsKeyId, Call call, CancellationToken cancel)
    {
        var settings = await Settings(call, cancel);
        var pick = KeyChoice.ForVolume(
            SourceOf(source, call), encrypted, kmsKeyId is not null, settings?.EncryptionByDefault == true);
        return await Take(pick, source, kmsKeyId, settings, call, cancel);
    }

    /// <summary>For a copy of a snapshot into the call's Region.</summary>
    /// <inheritdoc cref="ForVolume"/>
    public async Task<EbsKey> ForSnapshotCopy(
        Snapshot source, bool? encrypted, string? kmsKeyId, Call call, CancellationToken cancel)
    {
        var settings = await Settings(call, cancel);
        var replica = await Replica(source, call, cancel);
        var pick = KeyChoice.ForSnapshotCopy(
            SourceOf(source, call), source.Region == call.Region, encrypted, kmsKeyId is not null,
            settings?.EncryptionByDefault == true, replica is not null);
        return await Take(pick, source, pick == KeyPick.Replica ? replica!.Arn : kmsKeyId, settings, call, cancel);
    }

    /// <summary>For the copy of one snapshot behind an image.</summary>
    /// <inheritdoc cref="ForVolume"/>
    public async Task<EbsKey> ForImageCopy(
        Snapshot source, bool? encrypted, string? kmsKeyId, Call call, CancellationToken cancel)
    {
        var settings = await Settings(call, cancel);
        var replica = await Replica(source, call, cancel);
        var pick = KeyChoice.ForImageCopy(
            SourceOf(source, call), source.Region == call.Region, encrypted, kmsKeyId is not null,
            settings?.EncryptionByDefault == true, replica is not null);
        return await Take(pick, source, pick == KeyPick.Replica ? replica!.Arn : kmsKeyId, settings, call, cancel);
    }

    /// <summary>The account's default EBS key in the call's Region; <c>aws/ebs</c> is made when first needed.</summary>
    /// <returns>The key, or null where the one that was set is gone.</returns>
    public async Task<Key?> Default(Call call, CancellationToken cancel) =>
        await Default(await Settings(call, cancel), call, cancel);

    private async Task<Key?> Default(RegionSettings? settings, Call call, CancellationToken cancel) =>
        settings?.DefaultKmsKeyId is { } arn
            ? await keys.Find(call.AccountId, call.Region, arn, cancel)
            : await keys.EbsDefault(call.AccountId, call.Region, cancel);

    private async Task<RegionSettings?> Settings(Call call, CancellationToken cancel) =>
        await db.RegionSettings.FindAsync([call.AccountId, call.Region], cancel);

    private static KeySource SourceOf(Snapshot? source, Call call) => source switch
    {
        null => KeySource.Empty,
        { Encrypted: false } => KeySource.Clear,
        _ when source.AccountId == call.AccountId => KeySource.Own,
        _ => KeySource.Shared,
    };

    private async Task<Key?> Replica(Snapshot source, Call call, CancellationToken cancel)
    {
        if (options.StrictAwsCopyKey || source.KmsKeyId is not { } arn || source.Region == call.Region)
            return null;
        var key = await keys.Find(source.AccountId, source.Region, arn, cancel);
        return key is null ? null : await keys.ReplicaIn(key, call.Region, call.Caller, cancel);
    }

    private async Task<EbsKey> Take(
        KeyPick pick, Snapshot? source, string? named, RegionSettings? settings, Call call, CancellationToken cancel)
    {
        var read = await ReadProblem(source, call, cancel);
        if (pick == KeyPick.None)
            return EbsKey.Clear;
        var key = pick switch
        {
            KeyPick.Default => await Default(settings, call, cancel),
            KeyPick.Source => await keys.Find(source!.AccountId, source.Region, source.KmsKeyId!, cancel),
            _ => await keys.Find(call.AccountId, call.Region, named!, cancel),
        };
        var arn = key?.Arn ?? Spelt(pick switch
        {
            KeyPick.Default => settings!.DefaultKmsKeyId!,
            KeyPick.Source => source!.KmsKeyId!,
            _ => named!,
        }, call);
        if (key is null)
            return new EbsKey(arn, null, "Given key ID is not accessible");
        foreach (var action in ToMake)
        {
            if (await keys.MayUse(call.Caller, key, action) is { } refusal)
                return new EbsKey(arn, null, $"Given key ID is not accessible. {refusal.Message}");
        }
        try
        {
            var dataKey = read is null ? await dataKeys.ForNew(key, call.AccountId, call.Region, cancel) : null;
            return new EbsKey(arn, dataKey?.Id, read);
        }
        catch (AwsException refusal)
        {
            return new EbsKey(arn, null, $"The KMS key is not usable. {refusal.Message}");
        }
    }

    /// <summary>Why the caller cannot read an encrypted source; null where that is possible.</summary>
    private async Task<string?> ReadProblem(Snapshot? source, Call call, CancellationToken cancel)
    {
        if (source is not { Encrypted: true, KmsKeyId: { } arn })
            return null;
        var key = await keys.Find(source.AccountId, source.Region, arn, cancel);
        if (key is null)
            return $"The KMS key {arn} of the source does not exist any more.";
        foreach (var action in ToRead)
        {
            if (await keys.MayUse(call.Caller, key, action) is { } refusal)
                return $"The KMS key of the source is not accessible. {refusal.Message}";
        }
        try
        {
            key.EnsureUsable();
            return null;
        }
        catch (AwsException refusal)
        {
            return $"The KMS key of the source is not usable. {refusal.Message}";
        }
    }

    private static string Spelt(string name, Call call)
    {
        var arn = name.StartsWith("arn:", StringComparison.Ordinal) ? name
            : name.StartsWith("alias/", StringComparison.Ordinal) ? Arn.Alias(call.Region, call.AccountId, name)
            : Arn.Key(call.Region, call.AccountId, name);
        return arn.Length <= 256 ? arn : arn[..256];
    }
}
