using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Kms;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ebs;

/// <summary>The keys of snapshots that are written and read through the EBS direct APIs.</summary>
/// <remarks>Unlike EC2's calls these look at the key before they answer: a key that cannot be used refuses the
/// call.</remarks>
public sealed class DirectKeys(Db db, KeyUse keys, EbsKeys ebsKeys, DataKeys dataKeys, KeyPermits permits)
{
    private static readonly string[] ToWrite =
        ["kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext"];

    /// <summary>The key for a new snapshot.</summary>
    /// <param name="parent">The snapshot it is an increment over, or null.</param>
    /// <param name="encrypted">The parameter Encrypted.</param>
    /// <param name="kmsKeyArn">The parameter KmsKeyArn.</param>
    /// <param name="call">The call under way.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <exception cref="AwsException">ValidationException or AccessDeniedException.</exception>
    public async Task<EbsKey> ForNew(
        Snapshot? parent, bool? encrypted, string? kmsKeyArn, Call call, CancellationToken cancel)
    {
        var settings = await db.RegionSettings.FindAsync([call.AccountId, call.Region], cancel);
        var source = parent is null ? KeySource.Empty : parent.Encrypted ? KeySource.Own : KeySource.Clear;
        var pick = DirectKeyChoice.For(source, encrypted, kmsKeyArn is not null, settings?.EncryptionByDefault == true);
        if (pick == KeyPick.None)
            return EbsKey.Clear;
        if (pick == KeyPick.Named && !IsKeyArn(kmsKeyArn!, call.Region))
            throw EbsError.InvalidCustomerKey($"'{kmsKeyArn}' is not the ARN of a key in {call.Region}.");
        var key = pick switch
        {
            KeyPick.Default => await ebsKeys.Default(call, cancel),
            KeyPick.Source => await keys.Find(call.AccountId, call.Region, parent!.KmsKeyId!, cancel),
            _ => await keys.Find(call.AccountId, call.Region, kmsKeyArn!, cancel),
        };
        if (key is null)
            throw EbsError.InvalidCustomerKey("The key does not exist in this Region.");
        foreach (var action in ToWrite)
        {
            if (await keys.MayUse(call.Caller, key, action) is { } refusal)
                throw EbsError.KeyDenied(refusal.Message);
        }
        try
        {
            var dataKey = await dataKeys.ForNew(key, call.AccountId, call.Region, cancel);
            return new EbsKey(key.Arn, dataKey.Id, null);
        }
        catch (AwsException unusable) when (unusable.Code is "DisabledException" or "KMSInvalidStateException")
        {
            throw EbsError.InvalidCustomerKey(unusable.Message);
        }
    }

    /// <summary>Opens the key of a snapshot to read it for a caller; null for a clear one.</summary>
    /// <exception cref="AwsException">AccessDeniedException, or ValidationException where the key is
    /// unusable.</exception>
    public async Task<Blocks.Crypto.KeyDomain?> ForRead(Snapshot snapshot, Call call, CancellationToken cancel)
    {
        if (snapshot is not { DataKeyId: { } dataKeyId, KmsKeyId: { } arn })
            return null;
        if (!permits.Holds(call, arn))
        {
            var key = await keys.Find(snapshot.AccountId, call.Region, arn, cancel)
                ?? throw EbsError.InvalidCustomerKey($"The key {arn} does not exist any more.");
            if (await keys.MayUse(call.Caller, key, "kms:Decrypt") is { } refusal)
                throw EbsError.KeyDenied(refusal.Message);
            permits.Keep(call, arn);
        }
        try
        {
            return await dataKeys.Open(dataKeyId, cancel);
        }
        catch (AwsException unusable) when (unusable.Status < 500)
        {
            throw EbsError.InvalidCustomerKey(unusable.Message);
        }
    }

    private static bool IsKeyArn(string text, string region) =>
        text.Split(':') is ["arn", _, "kms", var at, { Length: 12 }, var resource] && at == region
            && resource.StartsWith("key/", StringComparison.Ordinal);
}
