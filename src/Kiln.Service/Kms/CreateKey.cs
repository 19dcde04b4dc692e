using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Makes a symmetric key. KMS API Reference "CreateKey".</summary>
[Operation("kms:CreateKey")]
public sealed class CreateKey(Db db, KeyUse keys) : IOperation<CreateKey.Request, CreateKey.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has no custom key stores", "CustomKeyStoreId", "XksKeyId")]
    public sealed record Request
    {
        [Length(1, 131072), RegularExpression(@"[\u0009\u000A\u000D\u0020-\u00FF]+")]
        public string? Policy { get; init; }

        [MaxLength(8192)] public string? Description { get; init; }

        public KeyUsageType? KeyUsage { get; init; }

        public CustomerMasterKeySpec? CustomerMasterKeySpec { get; init; }

        public KeySpec? KeySpec { get; init; }

        public OriginType? Origin { get; init; }

        public bool? BypassPolicyLockoutSafetyCheck { get; init; }

        [MaxLength(200)] public IReadOnlyList<Tag> Tags { get; init; } = [];

        public bool? MultiRegion { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public KeyMetadata? KeyMetadata { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        CheckKind(request);
        var tags = Tag.Add(new Dictionary<string, string>(), request.Tags);
        foreach (var (name, value) in tags)
            call.Context.Set($"aws:RequestTag/{name}", value);
        call.Context.Set("aws:TagKeys", [.. tags.Keys]);
        await call.Authorize();
        if (tags.Count > 0 && !await call.MayAsync("kms:TagResource"))
            throw call.Denied("kms:TagResource", "*");

        var key = keys.Make(call.AccountId, call.Region, request.MultiRegion ?? false,
            request.Policy ?? Key.DefaultPolicy(call.AccountId), request.Description ?? "");
        if (request.Policy is { } policy)
            await keys.CheckPolicy(call, key.Arn, policy, request.BypassPolicyLockoutSafetyCheck ?? false, cancel);
        key.Tags = tags;
        db.Add(key);
        await db.SaveChangesAsync(cancel);
        return new Response { KeyMetadata = KeyMetadata.Of(key, key.MultiRegion ? [key] : []) };
    }

    private static void CheckKind(Request request)
    {
        if (request is { KeySpec: not null, CustomerMasterKeySpec: not null })
        {
            throw KmsError.Of("ValidationException",
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is " +
                "deprecated.");
        }
        if ((request.KeySpec ?? Kms.KeySpec.SymmetricDefault) != Kms.KeySpec.SymmetricDefault)
            throw Refused($"KeySpec {request.KeySpec}");
        if ((request.CustomerMasterKeySpec ?? Kms.CustomerMasterKeySpec.SymmetricDefault)
            != Kms.CustomerMasterKeySpec.SymmetricDefault)
            throw Refused($"CustomerMasterKeySpec {request.CustomerMasterKeySpec}");
        if ((request.KeyUsage ?? KeyUsageType.EncryptDecrypt) != KeyUsageType.EncryptDecrypt)
            throw Refused($"KeyUsage {request.KeyUsage}");
        if ((request.Origin ?? OriginType.AwsKms) != OriginType.AwsKms)
            throw Refused($"Origin {request.Origin}");
    }

    private static AwsException Refused(string what) => KmsError.Of("UnsupportedOperationException",
        $"{what} is not supported: keys here are SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT, with material of AWS_KMS.");
}
